#include "server/tls/tls_tickets.h"

#include "base/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct la_tls_tickets {
    pthread_mutex_t lock;
    int64_t made_s;          /* keys[0]; 0: there is none yet */
    la_tls_ticket_key *keys; /* two, in locked memory: the present one, the one before */
};

la_tls_tickets *la_tls_tickets_new(void)
{
    la_tls_tickets *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->keys = la_secret_alloc(2 * sizeof *t->keys);
    if (!t->keys) {
        free(t);
        return NULL;
    }
    la_random_bytes(t->keys, 2 * sizeof *t->keys); /* the one before nobody ever sealed with */
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

la_tls_tickets *la_tls_tickets_free(la_tls_tickets *t)
{
    if (!t)
        return NULL;
    la_secret_free(t->keys);
    pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}

/* Under the lock. A clock that was set back makes a new key too, rather than keep one for longer. */
static void rotate(la_tls_tickets *t, int64_t now_s)
{
    int64_t age_s = now_s - t->made_s;
    if (t->made_s && age_s >= 0 && age_s < LA_TLS_TICKET_ROTATE_S)
        return;
    if (t->made_s && age_s >= 0 && age_s < 2 * LA_TLS_TICKET_ROTATE_S)
        t->keys[1] = t->keys[0];
    else
        la_random_bytes(&t->keys[1],
                        sizeof t->keys[1]); /* after a quiet while the former key is too old to open anything */
    la_random_bytes(&t->keys[0], sizeof t->keys[0]);
    t->made_s = now_s;
}

void la_tls_tickets_current(la_tls_tickets *t, int64_t now_s, la_tls_ticket_key *ret)
{
    pthread_mutex_lock(&t->lock);
    rotate(t, now_s);
    *ret = t->keys[0];
    pthread_mutex_unlock(&t->lock);
}

bool la_tls_tickets_find(la_tls_tickets *t, const uint8_t name[LA_TLS_TICKET_NAME_BYTES], int64_t now_s,
                         la_tls_ticket_key *ret, bool *ret_renew)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    rotate(t, now_s);
    for (int i = 0; i < 2 && !found; i++)
        if (memcmp(t->keys[i].name, name, LA_TLS_TICKET_NAME_BYTES) == 0) { /* names are public */
            *ret = t->keys[i];
            *ret_renew = i > 0;
            found = true;
        }
    pthread_mutex_unlock(&t->lock);
    return found;
}
