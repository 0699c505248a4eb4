import { project } from '../../jest.preset.mjs';

export default project('crash-matrix', { testTimeout: 240_000 });
