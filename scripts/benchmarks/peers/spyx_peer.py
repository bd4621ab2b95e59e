"""Spyx on JAX: the whole step of training compiled by XLA."""

import sys

from serve import pin, repeated, serve
from sizes import BETA, SLOPE, Dense

# Before JAX looks at the machine: XLA takes every core it finds.
pin(int(sys.argv[2]))

import jax
import jax.numpy as jnp
import optax
import spyx
import spyx.nn as snn
from flax import nnx


def train_dense(threads):
    rngs = nnx.Rngs(1)
    spike = spyx.axn.superspike(SLOPE)
    net = snn.Sequential(
        nnx.Linear(Dense.inputs, Dense.hidden, rngs=rngs),
        snn.LIF((Dense.hidden,), beta=BETA, activation=spike, rngs=rngs),
        nnx.Linear(Dense.hidden, Dense.outputs, rngs=rngs),
        snn.LIF((Dense.outputs,), beta=BETA, activation=spike, rngs=rngs))
    optimizer = nnx.Optimizer(net, optax.adam(1e-3), wrt=nnx.Param)
    key = jax.random.key(1)
    x = (jax.random.uniform(key, (Dense.steps, Dense.batch, Dense.inputs)) < Dense.density).astype(jnp.float32)
    labels = jnp.arange(Dense.batch) % Dense.outputs

    def loss(net):
        outputs, _ = snn.run(net, x)
        return optax.softmax_cross_entropy_with_integer_labels(outputs.sum(0), labels).mean()

    @nnx.jit
    def step(net, optimizer):
        value, gradient = nnx.value_and_grad(loss)(net)
        optimizer.update(net, gradient)
        return value

    return repeated(lambda: jax.block_until_ready(step(net, optimizer)))


serve({"train-dense": train_dense})
