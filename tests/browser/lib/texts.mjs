// The dashboard's own texts, in both languages, so that a walk names a button as a reader does and a change of words breaks nothing.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './server.mjs';

const FOLDER = join(ROOT, 'web/src/i18n');

/** The catalogues are object literals with types around them; without these they are JavaScript. */
async function load(language) {
  const texts = {};
  for (const name of readdirSync(join(FOLDER, language)).filter((f) => f.endsWith('.ts'))) {
    const source = readFileSync(join(FOLDER, language, name), 'utf8');
    if (/^import (?!type)/m.test(source)) continue; // puts the others together
    const plain = source.replace(/^import type .*$/gm, '').replace(/^(export const \w+): [^=]+ =/gm, '$1 =')
      .replace(/^\} (?:as const )?satisfies .*;$/gm, '};').replace(/^\} as const;$/gm, '};');
    const module = await import(`data:text/javascript,${encodeURIComponent(plain)}`);
    Object.assign(texts, ...Object.values(module));
  }
  return texts;
}

export const en = await load('en');
export const ar = await load('ar');
if (Object.keys(en).length < 300 || Object.keys(en).some((key) => !(key in ar))) throw new Error('the catalogues were not understood');

const rules = new Intl.PluralRules('en-GB');

/** An English text, filled in. */
export function t(key, values = {}) {
  const message = en[key];
  if (message === undefined) throw new Error(`no text ${key}`);
  const text = typeof message === 'string' ? message : (message[rules.select(values.count ?? 0)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A pattern for an English text with anything in its places. */
export const pattern = (key) => new RegExp(escaped(t(key)).replace(/\\\{\w+\\\}/g, '[\\s\\S]*'));

const forms = (message) => (typeof message === 'string' ? [message] : Object.values(message));

// English texts of some length that are other in Arabic, as patterns; {places} take anything.
const ENGLISH = Object.keys(en)
  .flatMap((key) => forms(en[key]).filter((text) => !forms(ar[key]).includes(text)))
  .filter((text) => /[a-z]{2}/i.test(text.replace(/\{\w+\}/g, '')))
  .map((text) => new RegExp(`^${escaped(text).replace(/\\\{\w+\\\}/g, '[\\s\\S]+')}$`));

/** Those of `texts` that are English texts of the dashboard. */
export const englishAmong = (texts) => texts.filter((text) => ENGLISH.some((one) => one.test(text)));
