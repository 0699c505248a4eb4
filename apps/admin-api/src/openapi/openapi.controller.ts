import { Controller, Get } from '@nestjs/common';
import { OpenToAll } from '../http/administrator.js';
import { openApiDocument } from './openapi-document.js';

@Controller('v1/openapi.json')
@OpenToAll()
export class OpenApiController {
  readonly #document = openApiDocument();

  @Get()
  get() {
    return this.#document;
  }
}
