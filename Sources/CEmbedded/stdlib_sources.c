#include "stdlib_sources.h"

#include <stddef.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char prelude[] = {
#embed "../../stdlib/prelude.snn"
};

static const unsigned char neurons[] = {
#embed "../../stdlib/neurons.snn"
};

static const unsigned char stats[] = {
#embed "../../stdlib/stats.snn"
};

static const unsigned char spikes[] = {
#embed "../../stdlib/spikes.snn"
};

static const unsigned char signal_module[] = {
#embed "../../stdlib/signal.snn"
};

static const unsigned char runs[] = {
#embed "../../stdlib/runs.snn"
};

static const struct stdlib_source modules[] = {
    {"prelude", prelude, sizeof prelude},
    {"neurons", neurons, sizeof neurons},
    {"stats", stats, sizeof stats},
    {"spikes", spikes, sizeof spikes},
    {"signal", signal_module, sizeof signal_module},
    {"runs", runs, sizeof runs},
};

static const unsigned char edge_cpu[] = {
#embed "../../stdlib/chips/edge_cpu.yaml"
};
static const unsigned char gpu[] = {
#embed "../../stdlib/chips/gpu.yaml"
};
static const unsigned char loihi1[] = {
#embed "../../stdlib/chips/loihi1.yaml"
};
static const unsigned char loihi1_fitted[] = {
#embed "../../stdlib/chips/loihi1_fitted.yaml"
};
static const unsigned char loihi2[] = {
#embed "../../stdlib/chips/loihi2.yaml"
};
static const unsigned char spinnaker[] = {
#embed "../../stdlib/chips/spinnaker.yaml"
};
static const unsigned char truenorth[] = {
#embed "../../stdlib/chips/truenorth.yaml"
};

static const struct stdlib_source chips[] = {
    {"loihi1", loihi1, sizeof loihi1},
    {"loihi1_fitted", loihi1_fitted, sizeof loihi1_fitted},
    {"loihi2", loihi2, sizeof loihi2},
    {"truenorth", truenorth, sizeof truenorth},
    {"spinnaker", spinnaker, sizeof spinnaker},
    {"edge_cpu", edge_cpu, sizeof edge_cpu},
    {"gpu", gpu, sizeof gpu},
};

const struct stdlib_source *stdlib_chip(long index) {
  return index >= 0 && index < (long)(sizeof chips / sizeof *chips) ? &chips[index] : NULL;
}

const struct stdlib_source *stdlib_module(long index) {
  return index >= 0 && index < (long)(sizeof modules / sizeof *modules) ? &modules[index] : NULL;
}

static const unsigned char reference_names[] = {
#embed "../../stdlib/reference/names.snn"
};
static const unsigned char reference_control[] = {
#embed "../../stdlib/reference/control.snn"
};
static const unsigned char reference_values[] = {
#embed "../../stdlib/reference/values.snn"
};
static const unsigned char reference_tensors[] = {
#embed "../../stdlib/reference/tensors.snn"
};
static const unsigned char reference_networks[] = {
#embed "../../stdlib/reference/networks.snn"
};
static const unsigned char reference_programs[] = {
#embed "../../stdlib/reference/programs.snn"
};

static const struct stdlib_source notebooks[] = {
    {"names", reference_names, sizeof reference_names},
    {"control", reference_control, sizeof reference_control},
    {"values", reference_values, sizeof reference_values},
    {"tensors", reference_tensors, sizeof reference_tensors},
    {"networks", reference_networks, sizeof reference_networks},
    {"programs", reference_programs, sizeof reference_programs},
};

const struct stdlib_source *stdlib_reference(long index) {
  return index >= 0 && index < (long)(sizeof notebooks / sizeof *notebooks) ? &notebooks[index] : NULL;
}
