import { main } from './main.js';

const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
process.exitCode = main(process.argv.slice(2), (text) => process.stdout.write(text), colour);
