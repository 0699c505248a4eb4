import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { main } from './main.js';

const GROOVY_FLOW = `<?xml version="1.0"?><bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="Defs">
<bpmn2:collaboration id="Coll"><bpmn2:messageFlow id="M" name="in" sourceRef="P" targetRef="Start"><bpmn2:extensionElements><ifl:property><key>ComponentType</key><value>HTTPS</value></ifl:property><ifl:property><key>urlPath</key><value>{{addr}}</value></ifl:property></bpmn2:extensionElements></bpmn2:messageFlow></bpmn2:collaboration>
<bpmn2:process id="Main"><bpmn2:startEvent id="Start"/><bpmn2:callActivity id="S" name="Convert"><bpmn2:extensionElements><ifl:property><key>activityType</key><value>Script</value></ifl:property><ifl:property><key>subActivityType</key><value>GroovyScript</value></ifl:property><ifl:property><key>script</key><value>a.groovy</value></ifl:property></bpmn2:extensionElements></bpmn2:callActivity><bpmn2:endEvent id="End"/><bpmn2:sequenceFlow id="F1" sourceRef="Start" targetRef="S"/><bpmn2:sequenceFlow id="F2" sourceRef="S" targetRef="End"/></bpmn2:process></bpmn2:definitions>`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...words: string[]): { code: number; text: string } {
  let text = '';
  const code = main(words, (part) => (text += part), false);
  return { code, text };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('flow check', () => {
  it('says that a flow can be deployed', () => {
    const { code, text } = run(
      'check',
      file('a.yaml', 'name: orders\nsender: {adapter: HTTPS, address: /o}\nsteps: []\n'),
    );
    expect(code).toBe(0);
    expect(text).toContain('supported  orders  HTTPS /o (role ESBMessaging.send)');
    expect(text).toContain('1 flows: 1 supported, 0 needs-scripts, 0 refused');
  });

  it('says of a sender that its large bodies are passed on as they come', () => {
    const { text } = run(
      'check',
      file(
        'a.yaml',
        'name: orders\nsender: {adapter: HTTPS, address: /o}\nsteps:\n  - requestReply: {adapter: HTTP, address: "http://r/"}\n',
      ),
    );
    expect(text).toContain('HTTPS /o (role ESBMessaging.send), streams');
  });

  it('lists what is in the way with its line and the nearest thing', () => {
    const { code, text } = run(
      'check',
      file('a.yaml', 'name: orders\nsender: {adapter: HTTPS, adress: /o}\nsteps:\n  - filtr: {}\n'),
    );
    expect(code).toBe(1);
    expect(text).toContain('unknown-key sender.adress line 2:');
    expect(text).toContain('nearest: address');
    expect(text).toContain('unknown-key steps[0].filtr line 4:');
  });

  it('reads the folder of an artifact, names its script, and takes a port', () => {
    file('flow.iflw', GROOVY_FLOW);
    file('parameters.prop', 'addr=/from-parameters\n');
    mkdirSync(join(folder, 'script'));
    file('script/a.groovy', 'def processData(m) { m.setBody("x"); m }');
    const without = run('check', folder);
    expect(without.code).toBe(1);
    expect(without.text).toContain('needs-scripts');
    expect(without.text).toContain('/from-parameters');
    expect(without.text).toContain('script a.groovy: 1 lines, setBody');
    const ports = mkdtempSync(join(tmpdir(), 'flow-ports-'));
    writeFileSync(join(ports, 'a.groovy.js'), 'function processData(m) { m.setBody("x"); return m; }');
    const ported = run('check', folder, '--ports', ports);
    rmSync(ports, { recursive: true });
    expect([ported.code, ported.text.includes('a.groovy (ported)')]).toEqual([0, true]);
  });

  it('prints the report as JSON', () => {
    const { text } = run('check', file('a.iflw', GROOVY_FLOW), '--json');
    const [report] = JSON.parse(text) as { flows: { verdict: string; problems: { code: string }[] }[] }[];
    expect(report?.flows[0]?.verdict).toBe('refused');
    expect(report?.flows[0]?.problems.map(({ code }) => code).sort()).toEqual([
      'script-port-required',
      'unresolved-parameter',
    ]);
  });

  it.each([
    [],
    ['check'],
    ['deploy', 'x'],
    ['check', '--what', 'x'],
    ['check', '/no/such/file.yaml'],
    ['check', 'package.json.txt'],
  ])('ends with 2 for %j', (...words: string[]) => {
    expect(run(...words).code).toBe(2);
  });
});
