/* The form of a customer_id: the part of a scope after "customer.". Exact match only: no prefix, wildcard or case folding. */
#ifndef LA_OAUTH_CUSTOMER_H
#define LA_OAUTH_CUSTOMER_H

#include "config/config.h"

/* What comes before the customer_id in the scope of a customer token. */
#define LA_CUSTOMER_SCOPE_PREFIX LA_SLICE("customer.")

bool la_customer_id_is_valid(la_customer_id_format format, la_slice customer_id);

/* The customer whom a customer token is for, by its scope; absent in any other token. Such a scope stands alone. */
la_slice la_customer_of_scope(la_slice scope);

/* Whether `name` is a plain scope of the environment, or api, or customer; NULL where it is not. */
const la_scope_policy *la_environment_scope(const la_environment_config *e, la_slice name);

#endif
