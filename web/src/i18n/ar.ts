// Arabic.
import { applications } from './ar/applications';
import { base } from './ar/base';
import { certificates } from './ar/certificates';
import { operations } from './ar/operations';
import type { Translation } from './en';

export const ar: Translation = { ...base, ...applications, ...certificates, ...operations };
