/* A plugin whose descriptor says another major version than its function. */
#include "annals_plugin.h"
static const struct annals_plugin plugin = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, 7, ANNALS_ABI_MINOR, sizeof plugin, {"twofold", 7},
    {"1.0.0", 5}, {"{}", 2}, 0, 0, 0,
};
const struct annals_plugin *annals_plugin_v1_twofold(void) { return &plugin; }
