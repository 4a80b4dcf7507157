// The types whose shape is wanted. Interfaces, not aliases: only those get a definition of their own.
import type { BlockAction, BlockSuggestion, SlashCommand, ViewClosedAction, ViewSubmitAction } from "@slack/bolt";
import type { HomeView, KnownBlock, ModalView } from "@slack/types";
import type { Manifest } from "@slack/web-api/dist/types/request/manifest";

// What we send.
export interface SlackMessage { blocks: KnownBlock[] }
export interface SlackModal extends ModalView {}
export interface SlackHome extends HomeView {}
// What Slack sends us.
export interface PayloadSlashCommand { payload: SlashCommand }
export interface PayloadBlockActions { payload: BlockAction }
export interface PayloadBlockSuggestion { payload: BlockSuggestion }
export interface PayloadViewSubmission { payload: ViewSubmitAction }
export interface PayloadViewClosed { payload: ViewClosedAction }
// What is pasted into the app's settings.
export interface SlackManifest extends Manifest {}
