import type { first as en } from '../en/first';
import type { Translated } from '../message';

export const first: Translated<typeof en> = {
  'login.title': 'تسجيل الدخول',
  'login.email': 'البريد الإلكتروني',
  'login.password': 'كلمة المرور',
  'login.submit': 'تسجيل الدخول',
  'error.unreachable': 'تعذّر الوصول إلى الخادم. تحقّق من الاتصال؛ ما كتبته ما زال هنا.',
};
