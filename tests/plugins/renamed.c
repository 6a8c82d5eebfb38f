/* A plugin that calls itself otherwise than its file. */
#include "annals_plugin.h"
static const struct annals_plugin plugin = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof plugin, {"another", 7},
    {"1.0.0", 5}, {"{}", 2}, 0, 0, 0,
};
const struct annals_plugin *annals_plugin_v1_renamed(void) { return &plugin; }
