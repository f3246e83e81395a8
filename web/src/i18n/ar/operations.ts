import type { operations as en } from '../en/operations';
import type { Translated } from '../message';

export const operations: Translated<typeof en> = {};
