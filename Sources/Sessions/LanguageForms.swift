/// What `?neuron` and its words say: the forms of the language that are no functions.
enum LanguageForms {
  static func page(_ name: String) -> String? {
    if ["gradient", "gradients"].contains(name) { return gradients }
    return ["neuron", "integrator", "state", "spike"].contains(name) ? neuron : nil
  }

  private static let gradients = """
    grad(f)(x), value_and_grad(f)(x)

    Arithmetic is recorded while `f` runs, and walked backward: through functions, loops and branches, numbers of 64 bits,
    tensors, spikes, quantities, and lists and maps of them, through the run of a network, `record`, and neurons and
    layers that are made inside, functions for first weights (`init=`) among it. Inside, a value is what it is outside. The
    argument may be a network: its slope is a network, and that by a quantity of its neurons is in the inverse unit.

        let net = input(2) |> dense(3) |> lif() |> dense(1) |> li()
        let (loss, slope) = value_and_grad(m => mean((m(x) - y) ^ 2))(net)
        let better = net.layers[0].weight - 0.1 * slope.layers[0].weight

    A spike has no derivative: `net(x, surrogate=triangle())` and `record(net, x, surrogate=triangle())` say what stands
    in for it; without it the `fast_sigmoid()` of `fit`. As there, no gradient flows through the spike that caused a reset.
    `net(x, training=true)` lets dropout drop. The losses of `fit` follow the same rules.

    What changes in jumps has gradient 0: comparisons, `bool`, `floor`, `ceil`, `round`, `sign`, `//`, `argmax`, `argsort`,
    `is_nan`, `close`, `all`, `any`. A branch is differentiated on the side that was taken.
    At a kink, where a slope of 0 is one of those that fit, the gradient is 0:
      abs, relu, norm, sqrt, x ^ p with 0 <= p < 1    0 at 0
      std, variance                                   0 where all elements are equal
      max, min, maximum, minimum                      equal ones share the gradient: of two each gets half
      clip(x, low, high)                              1 inside and on the bounds, 0 beyond
      sort                                            equal elements keep their order, each its own gradient
      pool(kind="max")                                all to the first of the largest
      min and max in a neuron's equations             to the second where both are equal
    Where the slope is infinite or there is none, the gradient is inf or nan: log and x ^ -1 at 0, p of x ^ p below 0. But
    where nothing arrives, nothing flows on: `where(x > 0, log(x), 0)` has 0 at 0.

    What would go on without its gradient is an error: `int(x)` of a float, an index, a count or a shape from a watched
    number, a number, a length or a character's code read from text after a watched value was printed into one, a file
    (`data.save_npy`, `data.save_csv`), a code that draws or times spikes (`direct`
    has a gradient), `fit`, `evaluate` and chips on a watched network. `detach(x)` says that no gradient is wanted.
    """

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
      exponential   v + dt f(v) (e^(a dt) - 1) / (a dt) with the slope a = df/dv, and v + dt f(v) where a is 0:
                    exact where the equation is linear in its own state and the others stand still for a step
      exact         the same, refused where it would not be the exact solution
      rk2, rk4      Runge and Kutta's midpoint rule and their rule of fourth order
    Neighbouring derivatives are one system: all see the states before the step.

    Units: defaults and numbers in equations may carry them (`tau = 20ms`, `v_rest = -65mV`), and they are checked when
    the neuron is defined. `input` is a plain number: multiply it by what one of it stands for, as in `1nA * input`.
    Surrogates measure a distance with a unit in that of the initial state from the threshold.

    A call gives a layer: `tired(kappa=0.1)`. A parameter may be a number, a quantity, a tensor with one value for each
    neuron (a list where it has a unit, `tau=[10ms, 20ms]`), or `learn(0.2)`, which `fit` trains with the weights. What
    equations divide by cannot be 0, and a time among it is above 0, in whatever form it is given; so it stays while it
    is learnt. A step is: equations, spikes, `on spike`; states are recorded before `on spike`. In the gradient, the
    surrogate stands for the derivative of a spike, none flows through the spike that caused `on spike`, and `sqrt`,
    `abs` and `relu` have the slope 0 at 0. `use neurons` brings the models of the literature.
    """
}
