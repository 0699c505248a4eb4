import { project } from '../../jest.preset.mjs';

export default project('system-e2e');
