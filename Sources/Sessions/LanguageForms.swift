/// What `?neuron` and its words say: the forms of the language that are no functions.
enum LanguageForms {
  static func page(_ name: String) -> String? {
    ["neuron", "integrator", "state", "spike"].contains(name) ? neuron : nil
  }

  private static let neuron = """
    neuron name(parameter = default, …) { equations }

    A neuron is its equations, read from above once for each time step, for every neuron of a layer at once.

        neuron tired(beta = 0.9, theta = 1.0, kappa = 0.2) {
          state v = 0, a = 0                     what it remembers, and where that starts
          v = beta * v + input                   the next value; `input` is what arrives
          a = 0.97 * a
          spike when v >= theta + kappa * a      one comparison by >=, >, <= or <
          on spike { v -= theta; a += 1 }        what a spike changes, at once
        }

    `spike never` stands for the condition of neurons whose first state is the output. Equations are arithmetic with
    + - * / // % ^, comparisons, `if a { b } else { c }`, min, max, exp, log, sqrt, abs, tanh, sigmoid, relu, sin, cos.

    Differential equations: `dv/dt = …` with a parameter `dt = 1ms`, the length of a step, and a line `integrator NAME`:
      euler         v + dt f(v), where none is named
      exponential   exact where the equation is linear in its own state and the others stand still for a step
      exact         the same, refused where it would not be the exact solution
      rk2, rk4      Runge and Kutta's midpoint rule and their rule of fourth order
    Neighbouring derivatives are one system: all see the states before the step.

    Units: defaults and numbers in equations may carry them (`tau = 20ms`, `v_rest = -65mV`), and they are checked when
    the neuron is defined. `input` is a plain number: multiply it by what one of it stands for, as in `1nA * input`.
    Surrogates measure a distance with a unit in that of the initial state from the threshold.

    A call gives a layer: `tired(kappa=0.1)`. A parameter may be a number, a quantity, a tensor with one value for each
    neuron, or `learn(0.2)`, which `fit` trains with the weights. `use neurons` brings the models of the literature.
    """
}
