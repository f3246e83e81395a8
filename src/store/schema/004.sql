-- Version 4: what is revoked by its name may be of a customer, too: kind 3 (all of an application) with a name is what it got for the customer of
-- that name. An earlier version would take it for all of the application.
ALTER TABLE revocation RENAME COLUMN jti TO name;
