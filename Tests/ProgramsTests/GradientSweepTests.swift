import Builtins
import Machine
import Testing

/// Every builtin that takes numbers or tensors, inside a gradient: it carries the gradient on, as finite differences say,
/// or its answer changes in jumps and the gradient is 0, or it is an error. None may lose a gradient unseen.
@Suite struct GradientSweepTests {
  enum Rule: String { case carries, flat, stops }

  struct Case {
    var name: String
    var rule: Rule
    /// Of `x`, a tensor of three elements in one group and a number in the other; `w` is a tensor of three weights.
    var expression: String
    var isNumber: Bool

    init(_ name: String, _ rule: Rule, tensor expression: String) {
      (self.name, self.rule, self.expression, isNumber) = (name, rule, expression, false)
    }
    init(_ name: String, _ rule: Rule, number expression: String) {
      (self.name, self.rule, self.expression, isNumber) = (name, rule, expression, true)
    }
  }

  static let cases: [Case] =
    ["abs", "sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sigmoid", "relu", "softplus", "asin", "acos", "atan", "sinh", "cosh", "log2", "log10", "log1p", "expm1"].flatMap {
      [Case($0, .carries, tensor: "sum(\($0)(x) * w)"), Case($0, .carries, number: "\($0)(x)")]
    } + ["floor", "ceil", "round", "sign"].flatMap {
      [Case($0, .flat, tensor: "sum(\($0)(x) * w)"), Case($0, .flat, number: "\($0)(x)")]
    } + ["sum", "product", "min", "max", "mean", "variance", "std", "norm"].flatMap {
      [Case($0, .carries, tensor: "\($0)(x)"), Case($0, .carries, number: "\($0)([x, 0.2, x * x])")]
    } + [
      Case("round", .flat, number: "round(x, 1)"),
      Case("co_moment", .stops, number: "co_moment([x, 0.2], [0.1, 0.5])"), Case("co_moment", .stops, tensor: "co_moment(x, w)"),
      Case("mean_sd", .stops, number: "mean_sd([x, 0.2]).mean"), Case("mean_sd", .stops, tensor: "mean_sd(x).mean"),
      Case("kaiming", .stops, number: "kaiming(gain=x).gain"), Case("measured", .stops, number: "measured(sigma=x).sigma"),
      Case("fluctuation", .stops, number: "fluctuation(rate=x).rate"),
      Case("maximum", .carries, tensor: "sum(maximum(x, 0.4) * w)"), Case("maximum", .carries, number: "maximum(x, 0.1)"),
      Case("minimum", .carries, tensor: "sum(minimum(x, 0.4) * w)"), Case("minimum", .carries, number: "minimum(x, 1)"),
      Case("min", .carries, number: "min(x, 2)"), Case("max", .carries, number: "max(0.1, x, 0.2)"),
      Case("clip", .carries, tensor: "sum(clip(x, 0.4, 0.6) * w)"), Case("clip", .carries, number: "clip(x, 0, 1)"),
      Case("clip", .carries, number: "clip(0.9, 0, x)"), Case("clip", .stops, number: "sum(clip([0.9], 0, x))"),
      Case("where", .carries, tensor: "sum(where(x > 0.4, x * x, -x))"), Case("where", .carries, number: "where(true, x, 2 * x)"),
      Case("cumsum", .carries, tensor: "sum(cumsum(x) * w)"), Case("softmax", .carries, tensor: "sum(softmax(x) * w)"),
      Case("log_softmax", .carries, tensor: "sum(log_softmax(x) * w)"),
      Case("matmul", .carries, tensor: "matmul(x, w)"), Case("matmul", .carries, tensor: "matmul(w, x)"),
      Case("reshape", .carries, tensor: "sum(reshape(x, [3, 1])[.., 0] * w)"),
      Case("transpose", .carries, tensor: "sum(transpose([x, x])[.., 1] * w)"),
      Case("expand", .carries, tensor: "sum(expand(x)[0] * w)"), Case("squeeze", .carries, tensor: "sum(squeeze(expand(x)) * w)"),
      Case("broadcast", .carries, tensor: "sum(broadcast(x, [2, 3]) * w)"),
      Case("concat", .carries, tensor: "sum(concat([w, x])[3..] * w)"), Case("stack", .carries, tensor: "sum(stack([w, x])[1] * w)"),
      Case("stack", .carries, number: "sum(stack([x, 2 * x]))"), Case("flip", .carries, tensor: "sum(flip(x) * w)"),
      Case("pad", .carries, tensor: "sum(pad(x, 1)[1..4] * w)"), Case("pad", .stops, number: "sum(pad([1.0], 1, x))"),
      Case("tile", .carries, tensor: "sum(tile(x, 2)[2..5] * w)"), Case("repeat", .carries, tensor: "sum(repeat(x, 2)[1..4] * w)"),
      Case("repeat", .carries, number: "sum(repeat([x], 3))"), Case("roll", .carries, tensor: "sum(roll(x, 1) * w)"),
      Case("meshgrid", .carries, tensor: "sum(meshgrid(x, w)[0][.., 1] * w)"), Case("diagonal", .carries, tensor: "sum(diagonal(x)[1] * w)"),
      Case("median", .carries, tensor: "median(x)"), Case("median", .carries, number: "median([x, 0.1, 2 * x, 4])"),
      Case("quantile", .carries, tensor: "quantile(x, 0.3)"), Case("quantile", .stops, number: "quantile([1, 2], x)"),
      Case("diff", .carries, tensor: "sum(diff(x) * w[..2])"), Case("diff", .carries, number: "diff([1.0, x])[0]"),
      Case("cumprod", .carries, tensor: "sum(cumprod(x) * w)"), Case("nonzero", .flat, tensor: "nonzero(x)[1]"),
      Case("topk", .carries, tensor: "sum(topk(x, 2)[0] * w[..2])"), Case("bincount", .stops, tensor: "sum(bincount([0, 1, 1], weights=x))"),
      Case("digitize", .stops, tensor: "sum(digitize(x, [0.4, 0.6]))"), Case("interp", .carries, tensor: "sum(interp([0.5, 1.5], [0, 1, 2], x))"),
      Case("interp", .carries, tensor: "sum(interp(x, [0, 0.5, 1], [0, 3, 4]) * w)"), Case("outer", .carries, tensor: "sum(outer(x, w)[1] * w)"),
      Case("kron", .carries, tensor: "sum(kron(x, w)[1..4] * w)"), Case("einsum", .carries, tensor: "einsum(\"i,i\", x, w)"),
      Case("atan2", .stops, tensor: "sum(atan2(x, w))"), Case("hypot", .stops, number: "hypot(x, 1)"),
      Case("spikes_at", .stops, number: "spikes_at([[x]], steps=3).total"), Case("spike_times", .stops, tensor: "spike_times(reshape(x, [3, 1, 1]))[0][0]"),
      Case("intervals", .carries, number: "intervals([x, 2.0])[0]"), Case("cv", .stops, number: "cv([x, 0.2, 0.5])"),
      Case("from_bytes", .stops, tensor: "len(from_bytes(x))"),
      Case("argsort", .flat, tensor: "sum(argsort(x) * w)"), Case("argmax", .flat, tensor: "argmax(x)"),
      Case("argmin", .flat, tensor: "argmin(x)"), Case("sort", .carries, tensor: "sum(sort(x) * w)"),
      Case("sort", .carries, number: "sort([x, 0.1, 2 * x])[1]"), Case("sorted", .carries, number: "sorted([x, 0.1])[1]"),
      Case("close", .flat, tensor: "int(close(x, w))"), Case("close", .flat, number: "int(close(x, 0.3))"),
      Case("all", .flat, tensor: "int(all(x > 0))"), Case("any", .flat, tensor: "int(any(x > 0.5))"),
      Case("is_nan", .flat, number: "int(is_nan(x))"), Case("is_finite", .flat, number: "int(is_finite(x))"),
      Case("bool", .flat, number: "int(bool(x))"), Case("int", .stops, number: "int(x)"), Case("int", .stops, tensor: "int(x[0])"),
      Case("float", .carries, number: "float(x) ^ 2"), Case("float", .carries, tensor: "float(x[1]) ^ 2"),
      Case("tensor", .carries, number: "sum(tensor([[x, 1.0], [2.0, x * x]]))"), Case("full", .carries, number: "sum(full([2], x))"),
      Case("full", .stops, number: "sum(full([x], 1.0))"), Case("zeros", .stops, number: "sum(zeros([x]))"),
      Case("linspace", .stops, number: "sum(linspace(0, x, 3))"), Case("arange", .stops, number: "sum(arange(x))"),
      Case("one_hot", .stops, tensor: "sum(one_hot(x))"), Case("histogram", .stops, tensor: "sum(histogram(x).edges)"),
      Case("zeros_like", .flat, tensor: "sum(zeros_like(x))"), Case("ones_like", .flat, tensor: "sum(ones_like(x))"),
      Case("shape", .flat, tensor: "shape(x)[0]"), Case("size", .flat, tensor: "size(x)"), Case("ndim", .flat, tensor: "ndim(x)"),
      Case("len", .flat, tensor: "len(x)"), Case("detach", .flat, tensor: "sum(detach(x))"), Case("detach", .flat, number: "detach(x)"),
      Case("list", .carries, tensor: "list(x)[1] ^ 2"), Case("tuple", .carries, tensor: "tuple(x)[1] ^ 2"),
      Case("reverse", .carries, tensor: "reverse(list(x))[0] ^ 2"), Case("map", .carries, tensor: "sum(map(x, v => v * v))"),
      Case("filter", .carries, tensor: "sum(filter(x, v => v > 0.4))"), Case("reduce", .carries, tensor: "reduce(x, (a, b) => a * b)"),
      Case("zip", .carries, tensor: "sum([a * b for (a, b) in zip(x, w)])"),
      Case("enumerate", .carries, tensor: "sum([i * v for (i, v) in enumerate(x)])"),
      Case("push", .carries, number: "sum(push([1.0], x))"), Case("pop", .carries, number: "pop([1.0, x])[1]"),
      Case("insert", .carries, number: "sum(insert([1.0], 0, x))"), Case("remove", .carries, number: "sum(remove([1.0, x], 0))"),
      Case("values", .carries, number: "sum(values({a: x}))"), Case("get", .carries, number: "get([x], 0)"),
      Case("get", .carries, number: "get({a: 1.0}, \"b\", x)"), Case("get", .stops, number: "get([1.0, 2.0], x)"),
      Case("keys", .carries, number: "{ var m = {}; m[x] = 1; sum(keys(m)) }"), Case("has", .flat, number: "int(has({a: 1}, x))"),
      Case("unique", .carries, tensor: "sum(unique(x))"), Case("index_of", .flat, tensor: "index_of(x, x[1])"),
      Case("count", .flat, number: "count([x, 0.3], 0.3)"), Case("contains", .flat, number: "int(contains([x], 0.3))"),
      Case("to", .carries, number: "value(to(x * 1ms, us), ns)"),
      Case("value", .carries, number: "value(3ms, x * 1ms)"), Case("parse_float", .stops, number: "parse_float(\"{x}\")"),
      Case("parse_int", .stops, number: "parse_int(\"{x}\")"), Case("str", .stops, number: "float(str(x))"),
      Case("repr", .stops, number: "float(repr(x))"), Case("format", .stops, number: "float(format(x, \".2\"))"),
      Case("join", .stops, number: "float(join([str(x)], \"\"))"),
      // Codes, layers, neurons, losses.
      Case("direct", .carries, tensor: "sum(direct(x, steps=2) * w)"), Case("rate", .stops, tensor: "sum(rate(x, steps=3))"),
      Case("latency", .stops, tensor: "sum(latency(x, steps=3))"), Case("hybrid", .stops, tensor: "sum(hybrid(x, steps=3))"),
      Case("delta", .stops, tensor: "sum(delta(x, threshold=0.1))"), Case("spikes", .stops, tensor: "sum(spikes(x))"),
      Case("population", .stops, tensor: "sum(population(x, neurons=3, steps=3))"),
      Case("first_spike", .stops, tensor: "sum(first_spike(reshape(x, [3, 1, 1])))"),
      Case("dense", .carries, tensor: "sum((input(1) |> dense(3, weight=reshape(x, [1, 3]), bias=x) |> li(beta=0.5))(ones([2, 1, 1])) * w)"),
      Case("conv", .carries, tensor: "sum((input(1, 1, 4) |> conv(1, kernel=[1, 3], weight=reshape(x, [1, 1, 1, 3]), bias=[0.5]) |> li())(reshape(arange(8), [2, 1, 1, 1, 4])))"),
      Case("conv1d", .carries, tensor: "sum((input(1, 4) |> conv1d(1, kernel=3, weight=reshape(x, [1, 1, 3]), bias=[0.5]) |> li())(reshape(arange(8), [2, 1, 1, 4])))"),
      Case("conv_transpose", .carries, tensor: "sum((input(1, 1, 2) |> conv_transpose(1, kernel=[1, 3], weight=reshape(x, [1, 1, 1, 3]), bias=[0.5]) |> li())(reshape(arange(4), [2, 1, 1, 1, 2])) * w[0])"),
      Case("conv1d_transpose", .carries, tensor: "sum((input(1, 2) |> conv1d_transpose(1, kernel=3, weight=reshape(x, [1, 1, 3]), bias=[0.5]) |> li())(reshape(arange(4), [2, 1, 1, 2])))"),
      Case("branches", .carries, tensor: "sum((input(3) |> branches({a: [], b: [li(beta=0.5)]}, join=\"and\"))(reshape(x, [1, 1, 3])) * w)"),
      Case("branches", .stops, number: "sum((input(3, 3) |> branches({a: [], b: [], c: []}, join=\"attention\", scale=x))(ones([1, 1, 3, 3])))"),
      Case("attention", .stops, number: "sum((input(2, 3) |> attention(2, scale=x))(ones([1, 1, 2, 3])))"),
      Case("slstm", .stops, number: "sum((input(1) |> slstm(1, threshold=x))(ones([1, 1, 1])))"),
      Case("sgru", .stops, number: "sum((input(1) |> sgru(1, threshold=x))(ones([1, 1, 1])))"),
      Case("masked_psn", .stops, number: "sum((input(1) |> masked_psn(1, order=1, mask=x))(ones([1, 1, 1])))"),
      Case("li", .carries, tensor: "sum((input(3) |> li(beta=x))(ones([3, 1, 3])) * w)"), Case("li", .carries, number: "sum((input(1) |> li(beta=x))(ones([3, 1, 1])))"),
      Case("lif", .carries, number: "sum((lif(beta=x, threshold=9) |> record(ones([3, 1, 1]))).v)"),
      Case("learn", .carries, number: "sum((input(1) |> li(beta=learn(x)))(ones([3, 1, 1])))"),
      Case("record", .carries, tensor: "sum((li(beta=0.5) |> record(reshape(x, [3, 1, 1]))).v ^ 2)"),
      Case("residual", .carries, tensor: "sum((input(3) |> residual([li(beta=0.5)]))(reshape(x, [1, 1, 3])) * w)"),
      Case("recurrent", .carries, tensor: "sum((recurrent(lif(beta=0.5, threshold=9), recurrent=eye(3)) |> record(reshape(x, [1, 1, 3]))).v * w)"),
      Case("pool", .carries, tensor: "sum((input(1, 1, 3) |> pool([1, 3], kind=\"max\"))(reshape(x, [1, 1, 1, 1, 3])))"),
      Case("flatten", .carries, tensor: "sum((input(1, 1, 3) |> flatten())(reshape(x, [1, 1, 1, 1, 3])) * w)"),
      Case("dropout", .carries, tensor: "sum((input(3) |> dropout(0.5))(reshape(x, [1, 1, 3])) * w)"),
      Case("dropout", .stops, number: "sum((input(3) |> dropout(x))(ones([1, 1, 3])))"),
      Case("spike_count_cross_entropy", .carries, tensor: "spike_count_cross_entropy(reshape(x, [1, 1, 3]), [1])"),
      Case("spike_rate_mse", .carries, tensor: "spike_rate_mse(reshape(x, [1, 1, 3]), [1])"),
      Case("membrane_cross_entropy", .carries, tensor: "membrane_cross_entropy(reshape(x, [1, 1, 3]), [1])"),
      Case("cross_entropy", .carries, tensor: "cross_entropy(reshape(x, [1, 1, 3]), [1], smoothing=0.1)"),
      Case("binary_cross_entropy", .carries, tensor: "binary_cross_entropy(reshape(x, [1, 1, 3]), [[1.0, 0.0, 1.0]])"),
      Case("tet", .carries, tensor: "tet(reshape(x, [1, 1, 3]), [1])"),
      Case("mse", .carries, tensor: "mse(reshape(x, [1, 1, 3]), [[0.1, 0.2, 0.9]])"),
      Case("mae", .carries, tensor: "mae(reshape(x, [1, 1, 3]), [[0.1, 0.2, 0.9]])"),
      Case("huber", .carries, tensor: "huber(reshape(x, [1, 1, 3]), [[0.1, 0.2, 0.9]], delta=0.3)"),
      Case("van_rossum", .carries, tensor: "van_rossum(reshape(x, [3, 1, 1]), zeros([3, 1, 1]))"),
      Case("mse", .stops, tensor: "mse(ones([1, 1, 3]), reshape(x, [1, 3]))"),
      Case("step", .carries, tensor: "{ let net = input(3) |> li(beta=0.5); let (_, s) = step(net, reshape(x, [1, 3])); sum(step(net, [[1.0, 2.0, 3.0]], s)[0] * w) }"),
      Case("step", .carries, number: "{ let net = input(1) |> li(beta=x); let (_, s) = step(net, [[1.0]]); sum(step(net, [[1.0]], s)[0]) }"),
      Case("layer_norm", .carries, tensor: "sum((input(3) |> layer_norm())(reshape(x, [1, 1, 3])) * w)"),
      Case("batch_norm", .carries, tensor: "sum((input(3) |> batch_norm())(reshape(x, [1, 1, 3])) * w)"),
      Case("delay", .carries, tensor: "sum((input(3) |> delay(0))(reshape(x, [1, 1, 3])) * w)"),
      Case("delay", .stops, tensor: "sum((input(3) |> delay(x, learn=true, max_delay=2))(ones([1, 1, 3])))"),
      Case("delay", .stops, number: "sum((input(3) |> delay(max_delay=2, width=x))(ones([1, 1, 3])))"),
      Case("delayed_dense", .carries, tensor: "sum((input(3) |> delayed_dense(3, 1, delay=zeros([3, 3]), learn=false, weight=eye(3), bias=false))(reshape(x, [1, 1, 3])) * w)"),
      Case("delayed_dense", .carries, tensor: "sum((input(3) |> delayed_dense(1, 1, delay=zeros([3, 1]), learn=false, weight=reshape(x, [3, 1]), bias=false))(ones([1, 1, 3])))"),
      Case("delayed_dense", .stops, number: "sum((input(3) |> delayed_dense(1, 2, width=x))(ones([1, 1, 3])))"),
      Case("narrow_delays", .stops, number: "narrow_delays(input(3) |> delay(max_delay=2), x).layers[0].kernel_width"),
      Case("batch_norm", .stops, number: "sum((input(3) |> batch_norm(scale=x))(ones([1, 1, 3])))"),
      Case("logistic", .stops, number: "logistic(slope=x)(0.1)"), Case("rmsprop", .stops, number: "rmsprop(lr=x).lr"),
      Case("cosine", .stops, number: "cosine(floor=x).floor"), Case("warmup", .stops, number: "warmup(x).epochs"),
      Case("spike_count_cross_entropy", .stops, tensor: "spike_count_cross_entropy(ones([1, 3, 3]), x)"),
      Case("fast_sigmoid", .stops, tensor: "sum(fast_sigmoid()(x))"), Case("fast_sigmoid", .stops, number: "fast_sigmoid(slope=x)(0.1)"),
      Case("arctangent", .stops, number: "arctangent(alpha=x)(0.1)"), Case("triangle", .stops, number: "triangle(width=x)(0.1)"),
      Case("sgd", .stops, number: "sgd(lr=x).lr"), Case("adam", .stops, number: "adam(lr=x).lr"), Case("adamw", .stops, number: "adamw(lr=x).lr"),
    ]

  /// Builtins that take numbers, and give nothing back that a number could be read from, or take counts and settings alone,
  /// which `Call` refuses for all of them.
  static let others: Set<String> = [
    // What they give is text, output, a file or another kind of thing.
    "type", "print", "describe", "help", "table", "char", "exit", "sleep", "assert_close", "error", "save", "load", "write_bytes",
    // Counts, seeds and settings.
    "seed", "randint", "rand", "randn", "normal", "uniform", "permutation", "shuffle", "split", "adapt", "fit", "evaluate",
    "efficiency", "explore", "prune", "batches", "run_stream", "place", "hardware_loss", "threshold", "first_spike_cross_entropy",
    "log_metric", "spikes_above", "spikes_below", "lion", "step_decay", "exponential_decay", "one_cycle", "plateau", "restarts",
    "gaussian", "two_sided_exponential", "box", "hyperbolic_tangent", "circle", "q_pseudo_spike", "leaky_step",
    "sparse_fast_sigmoid", "multi_gaussian", "random_flip", "random_drop", "random_noise", "random_gain", "random_mask",
    "as_stream", "grad", "value_and_grad", "random", "choice", "bernoulli", "poisson",
  ]

  @Test func noBuiltinLosesAGradient() throws {
    var source = """
      let w = tensor([1.0, -2.0, 0.5])
      fn slopes(f, x, h) => if type(x) == "tensor" {
        tensor([(f(x + e) - f(x - e)) / (2 * h) for e in eye(3) * h])
      } else { (f(x + h) - f(x - h)) / (2 * h) }
      fn judged(rule, f, x, h) {
        let (v, g) = try { value_and_grad(f)(x) } catch e { (e.message, nil) }
        if rule == "stops" { return if g == nil and contains(v, "a gradient would be lost here") { "ok" } else { "it does not stop: {v} {g}" } }
        if g == nil { return v }
        if v != f(x) or type(v) != type(f(x)) { return "{v} is not {f(x)}" }
        if rule == "flat" { return if g is_zero { "ok" } else { "not flat: {g}" } }
        let d = slopes(f, x, h)
        if close(g, d, rtol=2e-2, atol=2e-3) { "ok" } else { "the gradient is {g}, the difference {d}" }
      }

      """.replacing("g is_zero", with: "sum(abs(g)) == 0")
    for each in Self.cases {
      let (start, step) = each.isNumber ? ("0.3", "1e-4") : ("tensor([0.3, 0.7, 0.45])", "0.01")
      source += "print(judged(\"\(each.rule.rawValue)\", x => \(each.expression), \(start), \(step)))\n"
    }
    let run = Execution.of(source, name: "sweep")
    #expect(run.diagnostics.map(Execution.text) == [])
    for (each, line) in zip(Self.cases, run.output) {
      #expect(line == "ok", "\(each.expression)")
    }
    #expect(run.output.count == Self.cases.count)
  }

  @Test func everyBuiltinOfNumbersIsJudged() {
    let judged = Set(Self.cases.map(\.name)).union(Self.others)
    let missing = standardBuiltins.filter { builtin in
      builtin.module == nil && !builtin.isConstant && builtin.parameters.contains { parameter in
        ["number", "tensor", "quantity"].contains { parameter.kind.name.contains($0) }
      }
    }.map(\.name).filter { !judged.contains($0) }
    #expect(missing == [], "say whether these carry a gradient, are flat, or stop it")
  }
}
