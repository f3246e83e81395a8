import assert from 'node:assert/strict';
import test from 'node:test';
import { ar } from '../src/i18n/ar';
import { en } from '../src/i18n/en';
import { type Message, choose, fill, pieces } from '../src/i18n/message';

const english = en as Record<string, Message>;
const arabic = ar as Record<string, Message>;
const texts = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const places = (text: string): string[] => [...new Set(pieces(text).filter((_, i) => i % 2))].sort();

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(arabic).sort(), Object.keys(english).sort());
});

test('a translation has the places of the original, whatever its plural form', () => {
  for (const [key, message] of Object.entries(english)) {
    const wanted = places(texts(message).join(' '));
    for (const text of texts(arabic[key] as Message)) {
      // "One" and "two" may be words instead of the number.
      assert.deepEqual(places(text).filter((p) => p !== 'count'), wanted.filter((p) => p !== 'count'), key);
    }
    const all = places(texts(arabic[key] as Message).join(' '));
    assert.deepEqual(all, wanted, key);
  }
});

test('a plural has every form that its language asks for', () => {
  const forms = { en: ['one', 'other'], ar: ['zero', 'one', 'two', 'few', 'many', 'other'] };
  for (const [key, message] of Object.entries(english)) {
    if (typeof message !== 'string') assert.deepEqual(forms.en.filter((f) => !Object.hasOwn(message, f)), [], key);
  }
  for (const [key, message] of Object.entries(arabic)) {
    if (typeof message !== 'string') assert.deepEqual(forms.ar.filter((f) => !Object.hasOwn(message, f)), [], key);
  }
});

test('nothing is left untranslated', () => {
  // Names, formats and words of protocols may be the same in both.
  const same = Object.keys(english).filter((key) => {
    const [mine, theirs] = [texts(english[key] as Message), texts(arabic[key] as Message)];
    return mine.join() === theirs.join() && /[a-z]{3}/.test(mine.join().replace(/\{\w+\}/g, ''));
  });
  assert.deepEqual(same, ['snippet.placeholder']);
});

test('a text is filled in once, with numbers in the form of the language', () => {
  const number = new Intl.NumberFormat('en-GB');
  assert.equal(fill('{a} of {b}, {c}', { a: 1234, b: '{a}' }, number), '1,234 of {a}, {c}');
  const rules = new Intl.PluralRules('en-GB');
  assert.equal(choose({ one: 'one', other: 'many' }, 1, rules), 'one');
  assert.equal(choose({ one: 'one', other: 'many' }, 0, rules), 'many');
  assert.equal(choose({ one: 'one', other: 'many' }, undefined, rules), 'many');
});
