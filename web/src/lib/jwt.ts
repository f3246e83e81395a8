// Reading a JSON Web Token (RFC 7519, JWS compact form) to show it. It verifies nothing.
import type { JsonObject } from '../api/types';

export interface DecodedToken {
  header: JsonObject;
  claims: JsonObject;
}

function decodePart(part: string): JsonObject | null {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return null;
  try {
    const binary = atob(part.replace(/-/g, '+').replace(/_/g, '/'));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** null where it is not a signed token with JSON claims. */
export function decodeToken(token: string): DecodedToken | null {
  const parts = token.trim().split('.');
  if (parts.length !== 3) return null;
  const header = decodePart(parts[0] as string);
  const claims = decodePart(parts[1] as string);
  return header && claims ? { header, claims } : null;
}

/** A time claim (RFC 7519 section 2, NumericDate) as milliseconds. */
export function numericDate(claims: JsonObject, name: string): number | null {
  const value = claims[name];
  return typeof value === 'number' && Number.isFinite(value) ? value * 1000 : null;
}
