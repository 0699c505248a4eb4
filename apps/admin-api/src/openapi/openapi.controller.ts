import { getOpenApiDocument, openApiDocument } from '@sluice/contracts';
import { Controller } from '@nestjs/common';
import { Serves } from '../http/serves.js';

@Controller()
export class OpenApiController {
  readonly #document = openApiDocument('1');

  @Serves(getOpenApiDocument)
  get() {
    return this.#document;
  }
}
