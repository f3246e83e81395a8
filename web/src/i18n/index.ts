// The language of the page, and the texts in it.
import type { ComponentChild } from 'preact';
import { type Language, preferredLanguage, remember } from '../lib/preferences';
import { Store } from '../lib/store';
import { type Key, type Translation, en } from './en';
import { type Names, type Text, type Value, choose, fill, pieces } from './message';

export type { Key } from './en';

// Latin digits and the Gregorian calendar in Arabic too: they stand beside identifiers and log lines.
const LOCALES: Record<Language, string> = { en: 'en-GB', ar: 'ar-AE-u-ca-gregory-nu-latn' };

interface Current {
  language: Language;
  locale: string;
  texts: Translation;
  rules: Intl.PluralRules;
  number: Intl.NumberFormat;
}

function make(language: Language, texts: Translation): Current {
  const locale = LOCALES[language];
  return { language, locale, texts, rules: new Intl.PluralRules(locale), number: new Intl.NumberFormat(locale) };
}

/** The root component watches it: a change of language renders everything again. */
export const current = new Store<Current>(make('en', en));

export function locale(): string {
  return current.get().locale;
}

export function language(): Language {
  return current.get().language;
}

/** Loads a language's texts and shows them. Rejects where they cannot be loaded; the language then stays as it is. */
export async function setLanguage(to: Language): Promise<void> {
  const texts = to === 'ar' ? (await import('./ar')).ar : en;
  document.documentElement.lang = to;
  document.documentElement.dir = to === 'ar' ? 'rtl' : 'ltr';
  current.set(make(to, texts));
}

export async function chooseLanguage(to: Language): Promise<void> {
  await setLanguage(to);
  remember('language', to);
}

export async function startLanguage(): Promise<void> {
  // English is in the first file; where the other cannot be fetched, it is what there is.
  await setLanguage(preferredLanguage()).catch(() => setLanguage('en'));
}

type Needs<K extends Key> = Names<Text<(typeof en)[K]>>;
type Values<K extends Key> = [Needs<K>] extends [never] ? [] : [values: Record<Needs<K>, Value>];
type Nodes<K extends Key> = Record<Needs<K>, ComponentChild>;

/** The text of a key in the page's language. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  const { texts, rules, number } = current.get();
  const given = (values[0] ?? {}) as Record<string, Value>;
  return fill(choose(texts[key], given.count, rules), given, number);
}

/** The same with elements in its places. */
export function rich<K extends Key>(key: K, nodes: Nodes<K>): ComponentChild[] {
  const { texts, rules } = current.get();
  const given = nodes as Record<string, ComponentChild>;
  const text = choose(texts[key], typeof given.count === 'number' ? given.count : undefined, rules);
  return pieces(text).map((piece, i) => (i % 2 ? given[piece] : piece));
}

export function formatNumber(value: number): string {
  return current.get().number.format(value);
}
