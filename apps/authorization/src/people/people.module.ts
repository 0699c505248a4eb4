import { Module } from '@nestjs/common';
import { EndPersonSessions } from './end-person-sessions.js';
import { PeopleController } from './people.controller.js';
import { PersonSessions } from './person-sessions.js';

@Module({
  controllers: [PeopleController],
  providers: [PersonSessions, EndPersonSessions],
  exports: [PersonSessions],
})
export class PeopleModule {}
