import { Module } from '@nestjs/common';
import { FourEyes } from './four-eyes.js';

/** For the operations that cannot be undone. */
@Module({ providers: [FourEyes], exports: [FourEyes] })
export class FourEyesModule {}
