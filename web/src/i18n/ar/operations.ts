import type { operations as en } from '../en/operations';
import type { Translated } from '../message';
import { audit } from './audit';
import { keys } from './keys';
import { operators } from './operators';
import { profile } from './profile';
import { reasons } from './reasons';
import { usage } from './usage';

export const operations: Translated<typeof en> = { ...keys, ...usage, ...reasons, ...audit, ...operators, ...profile };
