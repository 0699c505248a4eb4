import type { StatePrefix } from '@sluice/contracts';
import { RecordReader, StateBucket, StateFollower } from '@sluice/messaging';
import { Global, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { openState, stateNotReady, type FollowedState } from '../follow-state.js';
import { Shell } from '../shell.js';
import { Readiness } from './readiness.js';
import { CONFIG } from './tokens.js';

export interface StateModuleOptions {
  /** The prefixes it holds whole. */
  readonly holds: readonly StatePrefix[];
  /** Whether it decides by what it remembers of the stream: then it writes a lease into it, and renews it. */
  readonly leases?: boolean;
  /** What keeps it from being ready; unless given, everything that keeps the follower from it. */
  readonly notReady?: (follower: StateFollower) => string[];
}

interface StateSettings {
  readonly RECORD_KEYS_FILE: string;
  /** How many records it keeps of those it does not hold whole; without the setting none. */
  readonly RECORD_CACHE_SIZE?: number;
}

const FOLLOWED_STATE = Symbol('FOLLOWED_STATE');

/**
 * Follows the state stream. Provides `StateFollower`, `StateBucket` and `RecordReader`. The follower starts when every provider
 * has been made, so what they listen for in their constructors they hear from the beginning.
 */
@Global()
@Module({})
export class StateModule implements OnModuleInit {
  constructor(private readonly follower: StateFollower) {}

  static forRoot({ notReady = stateNotReady, ...options }: StateModuleOptions): DynamicModule {
    return {
      module: StateModule,
      providers: [
        {
          provide: FOLLOWED_STATE,
          inject: [Shell, CONFIG, Readiness],
          useFactory: async (shell: Shell, config: StateSettings, readiness: Readiness): Promise<FollowedState> => {
            const state = await openState(shell, {
              ...options,
              recordKeysFile: config.RECORD_KEYS_FILE,
              capacity: config.RECORD_CACHE_SIZE ?? 0,
            });
            readiness.require(() => notReady(state.follower));
            return state;
          },
        },
        { provide: StateFollower, inject: [FOLLOWED_STATE], useFactory: ({ follower }: FollowedState) => follower },
        { provide: StateBucket, inject: [FOLLOWED_STATE], useFactory: ({ bucket }: FollowedState) => bucket },
        { provide: RecordReader, inject: [FOLLOWED_STATE], useFactory: ({ reader }: FollowedState) => reader },
      ],
      exports: [StateFollower, StateBucket, RecordReader],
    };
  }

  onModuleInit(): void {
    this.follower.start();
  }
}
