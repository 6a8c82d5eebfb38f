/* A plugin whose function gives no descriptor. */
#include "annals_plugin.h"
const struct annals_plugin *annals_plugin_v1_nothing(void) { return 0; }
