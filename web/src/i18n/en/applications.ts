// Applications: list, integration, rotation, customers.
import type { Message } from '../message';

export const applications = {} as const satisfies Record<string, Message>;
