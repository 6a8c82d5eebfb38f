/* A plugin of another major version. */
const void *annals_plugin_v2_future(void) { return 0; }
