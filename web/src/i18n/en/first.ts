// What is said before the dashboard itself is there: the first script has these in every language.
export const first = {
  'login.title': 'Sign in',
  'login.email': 'Email',
  'login.password': 'Password',
  'login.submit': 'Sign in',
  'error.unreachable': 'The server cannot be reached. Check the connection; what you typed is still here.',
} as const;
