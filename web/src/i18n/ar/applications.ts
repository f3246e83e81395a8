import type { applications as en } from '../en/applications';
import type { Translated } from '../message';

export const applications: Translated<typeof en> = {};
