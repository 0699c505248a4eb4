import { showVersion } from '@sluice/contracts';
import { sluiceVersion } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Serves } from '../http/serves.js';

@Controller()
export class VersionController {
  @Serves(showVersion)
  show() {
    return { version: sluiceVersion, node: process.versions.node };
  }
}
