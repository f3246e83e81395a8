// What the server says about a wrong password or code of one's own is 403, as for a role; here it belongs to a field.
import { ApiError } from '../../api/client';
import { isProblem } from '../../lib/errors';

/** Runs a call that takes one's own password or code, and blames `field` where the server refuses that. */
export async function blaming<T>(field: string, text: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (e) {
    if (isProblem(e, 'forbidden')) throw new ApiError('invalid', e.status, '', [{ field, detail: text }], e.requestId);
    throw e;
  }
}
