// Arabic.
import { applications } from './ar/applications';
import { base } from './ar/base';
import { certificates } from './ar/certificates';
import { first } from './ar/first';
import { operations } from './ar/operations';
import type { Translation } from './en';

export const ar: Translation = { ...first, ...base, ...applications, ...certificates, ...operations };
