// Short notices that something was done. They go by themselves, and nothing that matters is said only here.
import { Store } from './store';

export interface Toast {
  id: number;
  text: string;
}

export const toasts = new Store<readonly Toast[]>([]);
const SHOWN_MS = 6000;
let last = 0;

export function toast(text: string): void {
  const id = ++last;
  toasts.set([...toasts.get(), { id, text }]);
  setTimeout(() => dismissToast(id), SHOWN_MS);
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((one) => one.id !== id));
}
