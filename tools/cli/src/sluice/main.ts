#!/usr/bin/env node
import { Cli } from './cli.js';
import { processTerminal } from './output/terminal.js';
import { createProgram } from './program.js';

const cli = new Cli(processTerminal(), Date.now);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read it has enough, as with `| head`.
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await cli.run(createProgram(cli), process.argv.slice(2));
