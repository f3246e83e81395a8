/* The daemon: `leanauth serve`. Starts the loops, follows the store, answers signals. */
#ifndef LA_SERVER_SERVE_H
#define LA_SERVER_SERVE_H

/*
 * Runs until SIGTERM or SIGINT, then drains. Returns the exit status: 0 after a clean stop, 1 where it could
 * not start (one clear line was logged). SIGHUP reads the configuration again.
 */
int la_serve(const char *config_path);

#endif
