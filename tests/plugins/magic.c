/* A plugin whose descriptor does not begin as it must. */
#include "annals_plugin.h"
static const struct annals_plugin plugin = {
    {'n', 'o', 't', ' ', 'm', 'i', 'n', 'e'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof plugin, {"magic", 5},
    {"1.0.0", 5}, {"{}", 2}, 0, 0, 0,
};
const struct annals_plugin *annals_plugin_v1_magic(void) { return &plugin; }
