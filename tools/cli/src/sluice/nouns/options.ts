import { Option } from 'commander';
import { wholeNumber } from '../cli.js';

/** How many items of a list are shown. */
export function limitOption(): Option {
  return new Option('--limit <count>', 'how many at most').argParser(wholeNumber(1, 1_000_000)).default(100);
}

/** For options that may be given several times. */
export function collected(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** RFC 5280's reasons, as the API spells them. */
export function reasonOption(): Option {
  return new Option('--reason <reason>', 'why (RFC 5280 §5.3.1)').default('unspecified');
}
