import { type SeededRandom } from '../seeded-random.js';
import { everyNode, readNodes, writeNodes, type DerNode } from './der-tree.js';

/** One to three changes to bytes, or to the structure with the lengths kept right. `others` give parts to splice in. */
export function mutateDer(der: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  let mutated = der;
  for (let changes = 1 + random.below(3); changes > 0; changes--)
    mutated = random.below(2) === 0 ? mutateBytes(mutated, random) : mutateStructure(mutated, others, random);
  return mutated;
}

const tellingOctets = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x31, 0x1f, 0x05, 0x02];

function mutateBytes(der: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = Buffer.from(der);
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  switch (random.below(7)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(tellingOctets);
      return bytes;
    case 2:
      bytes[at] = random.below(256);
      return bytes;
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.below(4)))]);
    default:
      return Buffer.concat([bytes, Buffer.from([random.below(256)])]);
  }
}

function mutateStructure(der: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const nodes = readNodes(der);
  if (nodes === undefined || nodes.length === 0) return mutateBytes(der, random);
  const { list, index } = random.pick(everyNode(nodes));
  const node = list[index] as DerNode;
  switch (random.below(9)) {
    case 0:
      list.splice(index, 1);
      break;
    case 1:
      list.splice(index, 0, node);
      break;
    case 2: {
      const other = random.below(list.length);
      [list[index], list[other]] = [list[other] as DerNode, node];
      break;
    }
    case 3:
      node.tag = random.pick([
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0x82, 0xa0, 0xa1,
        0xa3, 0x1f,
      ]);
      break;
    case 4:
      node.children = undefined;
      node.content = mutateBytes(node.content, random);
      break;
    case 5: {
      const donor = readNodes(random.pick(others));
      if (donor !== undefined) list[index] = donorNode(donor, random);
      break;
    }
    case 6:
      list[index] = { tag: 0x30, content: new Uint8Array(0), children: [node], prefix: new Uint8Array(0) };
      break;
    case 7:
      node.children = undefined;
      node.content = new Uint8Array(random.below(40)).fill(random.below(256));
      break;
    default: {
      let deep: DerNode = node;
      for (let level = random.below(60); level > 0; level--)
        deep = {
          tag: random.pick([0x30, 0xa0]),
          content: new Uint8Array(0),
          children: [deep],
          prefix: new Uint8Array(0),
        };
      list[index] = deep;
    }
  }
  return writeNodes(nodes);
}

function donorNode(donor: DerNode[], random: SeededRandom): DerNode {
  const { list, index } = random.pick(everyNode(donor));
  return list[index] as DerNode;
}
