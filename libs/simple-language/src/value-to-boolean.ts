/** @returns whether a value counts as true in a condition: text `true`, a true boolean, anything present but not `false` */
export function valueToBoolean(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string')
    return value.toLowerCase() === 'true' || (value !== '' && value.toLowerCase() !== 'false');
  if (typeof value === 'number') return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  return true;
}
