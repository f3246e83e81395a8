// What differs between two JSON objects, member by member.
import type { JsonObject, JsonValue } from '../api/types';

export type DifferenceKind = 'added' | 'removed' | 'changed' | 'same';

export interface MemberDifference {
  /** "scopes", "limits.rate" */
  name: string;
  kind: DifferenceKind;
  before: string | null;
  after: string | null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it is shown: a text as it is, a list of plain values one after the other, anything else as JSON. */
export function shown(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((v) => typeof v === 'string' && v !== '' && !/\s/.test(v))) return value.join(' ');
  return JSON.stringify(value);
}

function flatten(object: JsonObject, prefix = '', into = new Map<string, string>()): Map<string, string> {
  for (const [name, value] of Object.entries(object)) {
    if (isObject(value) && Object.keys(value).length > 0) flatten(value, `${prefix}${name}.`, into);
    else into.set(prefix + name, shown(value));
  }
  return into;
}

function kindOf(before: string | null, after: string | null): DifferenceKind {
  if (before === after) return 'same';
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}

/** In the order in which the members stand, those that are new at the end. */
export function differences(before: JsonObject | null, after: JsonObject | null): MemberDifference[] {
  const old = flatten(before ?? {});
  const present = flatten(after ?? {});
  return [...new Set([...old.keys(), ...present.keys()])].map((name) => {
    const was = old.get(name) ?? null;
    const is = present.get(name) ?? null;
    return { name, kind: kindOf(was, is), before: was, after: is };
  });
}

export interface DividedDetail {
  changes: MemberDifference[];
  /** What else the detail says. */
  further: { name: string; value: string }[];
}

export function divideDetail(detail: JsonObject): DividedDetail {
  const { before, after, ...rest } = detail;
  const was = isObject(before) ? before : null;
  const is = isObject(after) ? after : null;
  const further = [...flatten(rest)].map(([name, value]) => ({ name, value }));
  return { changes: was || is ? differences(was, is) : [], further };
}
