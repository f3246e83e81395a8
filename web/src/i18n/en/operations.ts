// Signing keys, usage, audit, operators, profile.
import { audit } from './audit';
import { keys } from './keys';
import { operators } from './operators';
import { profile } from './profile';
import { reasons } from './reasons';
import { usage } from './usage';

export const operations = { ...keys, ...usage, ...reasons, ...audit, ...operators, ...profile } as const;
