// Signing keys, usage, audit, operators, profile.
import type { Message } from '../message';

export const operations = {} as const satisfies Record<string, Message>;
