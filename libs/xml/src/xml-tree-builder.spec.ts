import { describe, expect, it } from '@jest/globals';
import { XmlTreeBuilder } from './xml-tree-builder.js';

describe('a tree that is built, from whatever', () => {
  const builder = () => new XmlTreeBuilder({ maximumNodes: 3, maximumAttributes: 1 });

  it('has no more nodes than it may; adjacent texts are one', () => {
    const tree = builder();
    tree.startElement('a', '', '');
    tree.text('x');
    tree.text('y');
    tree.comment('z');
    for (const add of [
      () => tree.startElement('b', '', ''),
      () => tree.comment('c'),
      () => tree.attribute('d', '', '', ''),
    ])
      expect(add).toThrow('more than 3 nodes');
  });

  it('has no more attributes at one element than it may', () => {
    const tree = builder();
    tree.startElement('a', '', '');
    tree.attribute('b', '', '', '');
    expect(() => tree.attribute('c', '', '', '')).toThrow('more than 1 attributes');
  });
});
