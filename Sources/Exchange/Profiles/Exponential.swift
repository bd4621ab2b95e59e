import Glibc

func exponential(_ x: Double) -> Double { exp(x) }
func exponentialLessOne(_ x: Double) -> Double { expm1(x) }
func logarithm(_ x: Double) -> Double { log(x) }
