import { asyncApiDocument } from '@sluice/contracts';
import { format } from 'prettier';
import { stringify } from 'yaml';

const heading = '# Made by `npm run asyncapi` from libs/contracts/src/event; edits are overwritten.\n';

/** docs/asyncapi.yaml as it has to be. */
export function renderAsyncApi(): Promise<string> {
  const text = heading + stringify(asyncApiDocument(), { lineWidth: 0, aliasDuplicateObjects: false });
  return format(text, { parser: 'yaml', printWidth: 120, proseWrap: 'preserve', singleQuote: true });
}
