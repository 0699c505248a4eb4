import { describe, expect, it } from '@jest/globals';
import { defaultBusStoreMb, minBusStoreMb, streamSizes } from './store-size.js';

describe('what the streams that fill with use may take', () => {
  it.each([minBusStoreMb, 1_001, defaultBusStoreMb])(
    'leaves more than two thirds of %i MiB to the others',
    (storeMb) => {
      const { messageProcessingLog, decisions } = streamSizes(storeMb);
      const whole = storeMb * 1024 * 1024;
      expect(messageProcessingLog + decisions).toBeLessThan(whole / 3);
      expect([messageProcessingLog, decisions]).toEqual([Math.floor(whole / 4), Math.floor(whole / 32)]);
    },
  );
});
