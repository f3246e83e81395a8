// English: the source of all keys. Another language that lacks one, or has one too many, does not compile.
import { applications } from './en/applications';
import { base } from './en/base';
import { certificates } from './en/certificates';
import { first } from './en/first';
import { operations } from './en/operations';
import type { Translated } from './message';

export const en = { ...first, ...base, ...applications, ...certificates, ...operations } as const;

export type Key = keyof typeof en;
export type Translation = Translated<typeof en>;
