// The forms that a text can have, and how one is filled in. No text here.

/** A text, with {names} to fill in, or one a plural form of the language, chosen by {count}. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };
export type Message = string | Readonly<Plural>;

/** The {names} in a text. */
export type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
export type Text<M> = M extends string ? M : M extends object ? M[keyof M] : never;

export type Value = string | number;

const PLACE = /\{(\w+)\}/g;

/** Cuts a text at its places: texts at even positions, names at odd ones. */
export function pieces(text: string): string[] {
  return text.split(PLACE);
}

export function choose(message: Message, count: Value | undefined, rules: Intl.PluralRules): string {
  if (typeof message === 'string') return message;
  return message[rules.select(Number(count ?? 0))] ?? message.other;
}

export function fill(text: string, values: Readonly<Record<string, Value>>, number: Intl.NumberFormat): string {
  return text.replace(PLACE, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number.format(value) : value;
  });
}

/** The same keys in another language: a text for a text, plural forms for plural forms. */
export type Translated<T> = { readonly [K in keyof T]: T[K] extends string ? string : Readonly<Plural> };
