import { everyPageIn } from './lib/every_page.mjs';

everyPageIn('en');
