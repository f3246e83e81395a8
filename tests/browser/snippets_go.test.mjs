import { programsIn } from './lib/compiled.mjs';

programsIn('go');
