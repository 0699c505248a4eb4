import {
  endPersonSessions,
  listPeople,
  openPersonSession,
  type DecodedRequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { EndPersonSessions } from './end-person-sessions.js';
import { PersonSessions } from './person-sessions.js';
import { PersonRow } from './person.entity.js';
import { toPersonView } from './person.view.js';

@Controller()
export class PeopleController {
  constructor(
    private readonly sessions: PersonSessions,
    private readonly endPersonSessions: EndPersonSessions,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(openPersonSession)
  async open(
    @Payload() request: DecodedRequestOf<typeof openPersonSession>,
  ): Promise<ResponseOf<typeof openPersonSession>> {
    return { session: await this.sessions.open(request) };
  }

  @Handles(listPeople)
  async list(@Payload() request: DecodedRequestOf<typeof listPeople>): Promise<ResponseOf<typeof listPeople>> {
    const { rows, ...end } = await pageOf(listPeople, request, {
      load: (after, take) =>
        this.dataSource.manager.find(PersonRow, {
          ...(after === undefined ? {} : { where: { id: MoreThan(after) } }),
          order: { id: 'ASC' },
          take,
        }),
      position: ({ id }) => id,
    });
    const sessions = await this.sessions.of(rows.map(({ id }) => id));
    return { items: rows.map((row) => toPersonView(row, sessions.get(row.id) ?? [])), ...end };
  }

  @Handles(endPersonSessions)
  async end(
    @Payload() { id }: DecodedRequestOf<typeof endPersonSessions>,
  ): Promise<ResponseOf<typeof endPersonSessions>> {
    await this.endPersonSessions.execute(id);
    return {};
  }
}
