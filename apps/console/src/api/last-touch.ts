/** So long after a person did something on the page, what it asks is still asked for them; milliseconds. */
const afterTouchMs = 60_000;

let touchedAt = Date.now();
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchmove'] as const)
  document.addEventListener(kind, () => (touchedAt = Date.now()), { passive: true, capture: true });

/** Whether nobody has touched the page for a while: it is merely open. */
export function isUntouched(): boolean {
  return Date.now() - touchedAt > afterTouchMs;
}
