import { EMPTY, XPathMap, oneAtomic, xpathError } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type Instruction } from '../stylesheet.js';
import { type ContentCompiler, collect, valueOrContent } from './content-compiler.js';

/** `xsl:map` */
export function compileMap(node: XmlNode, compiler: ContentCompiler): Instruction {
  const content = compiler.content(node);
  return (dynamic, output) => {
    const map = new XPathMap();
    for (const item of collect(content, dynamic)) {
      if (!(item instanceof XPathMap)) throw xpathError('XTTE3375', 'xsl:map holds map entries only.');
      for (const { key, value } of item.entries.values()) map.set(key, value);
    }
    output.item(map);
  };
}

/** `xsl:map-entry` */
export function compileMapEntry(node: XmlNode, compiler: ContentCompiler): Instruction {
  const key = compiler.elements.select(node, 'key') ?? (() => EMPTY);
  const value = valueOrContent(node, compiler);
  return (dynamic, output) => {
    const name = oneAtomic(key(dynamic), 'A key');
    if (name === null) throw xpathError('XTTE3165', 'A key of a map is empty.');
    output.item(new XPathMap().set(name, value(dynamic)));
  };
}
