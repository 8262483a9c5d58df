"""Given names, for exchanging the people of a word problem without breaking its pronouns."""

from __future__ import annotations

_SHE = """
Abby Alice Alicia Alexis Amanda Amber Amelia Amy Ana Andrea Angela Anita Ann Anna Anne Annie Ashley
Ava Barbara Beatrice Becky Bella Beth Betty Brenda Brianna Brittany Brooke Carla Carly Carmen Carol
Caroline Carrie Cassandra Catherine Cecilia Charlotte Chelsea Chloe Christina Christine Cindy Claire
Clara Crystal Cynthia Daisy Danielle Debbie Deborah Diana Diane Donna Dora Doris Dorothy Eleanor
Elena Elise Eliza Elizabeth Ella Ellen Ellie Emily Emma Erica Erika Erin Esther Eva Evelyn Fiona
Florence Frances Georgia Gina Gloria Grace Greta Gwen Hailey Hannah Heather Heidi Helen Hilary Holly
Irene Iris Isabel Isabella Ivy Jackie Jane Janet Janice Jasmine Jean Jen Jenna Jennifer Jenny
Jessica Jill Joan Joanna Josephine Joyce Judith Judy Julia Julie Karen Kate Katherine Kathy Katie
Kayla Kelly Kim Kimberly Kristen Laura Lauren Layla Leah Leila Lena Lily Linda Lisa Lori Louise Lucy
Lydia Madeline Madison Maggie Margaret Maria Marie Marilyn Marissa Martha Mary Megan Melanie Melinda
Melissa Mia Michelle Mila Molly Monica Nadia Nancy Naomi Natalia Natalie Nina Nora Olivia Paige
Pam Pamela Patricia Paula Peggy Penny Phoebe Polly Rachel Rebecca Rita Roberta Rosa Rose Rosie Ruth
Sabrina Sadie Sally Samantha Sandra Sara Sarah Sasha Sharon Sheila Shelby Shirley Silvia Sofia Sonia
Sophia Sophie Stacy Stella Stephanie Sue Susan Suzanne Sylvia Tamara Tanya Tara Teresa Theresa Tina
Tracy Valerie Vanessa Vera Veronica Victoria Violet Virginia Vivian Wendy Zoe
"""
_HE = """
Aaron Abraham Adam Adrian Aiden Alan Albert Alejandro Alex Alexander Alfred Allen Alvin Amir Andre
Andrew Andy Anthony Antonio Arnold Arthur Austin Barry Ben Benjamin Bernard Bill Billy Bob Bobby
Boris Brad Brandon Brendan Brian Bruce Bryan Caleb Calvin Cameron Carl Carlos Charles Charlie Chris
Christian Christopher Clark Cole Colin Connor Corey Craig Curtis Dan Daniel Danny Darren Dave David
Dean Dennis Derek Diego Donald Douglas Dylan Earl Eddie Edgar Edward Edwin Elijah Elliot Eric Erik
Ernest Ethan Eugene Evan Felix Fernando Francis Frank Fred Frederick Gabriel Gary Gavin George
Gerald Gilbert Glen Gordon Graham Greg Gregory Harold Harry Harvey Hector Henry Herbert Howard Hugo
Ian Ibrahim Isaac Ivan Jack Jackson Jacob Jake Jamal James Jared Jason Javier Jay Jeff Jeremy
Jerome Jerry Jesse Jim Jimmy Joe Joel Joey John Johnny Jon Jonathan Jose Joseph Josh Joshua Juan
Julian Justin Karl Keith Ken Kenneth Kevin Kyle Larry Lawrence Leo Leon Leonard Leroy Liam Logan
Louis Lucas Luis Luke Malcolm Marc Marco Marcus Mario Mark Martin Marvin Mason Matt Matthew Max
Michael Miguel Mike Mitchell Mohamed Nathan Neil Nicholas Nick Noah Norman Oliver Omar Oscar Owen
Patrick Paul Pedro Peter Philip Phillip Quentin Rafael Ralph Randy Raul Ray Raymond Reginald Ricardo
Richard Rick Rob Robert Roberto Rodney Roger Roland Ron Ronald Ross Roy Russell Ryan Sam Samuel
Scott Sean Sebastian Seth Simon Stan Stanley Stephen Steve Steven Stuart Ted Terrence Theo Theodore
Thomas Tim Timothy Toby Todd Tom Tommy Tony Travis Trevor Troy Tyler Victor Vincent Walter Warren
Wayne Wesley William Zachary
"""
GIVEN_NAMES = dict.fromkeys(_SHE.split(), "she") | dict.fromkeys(_HE.split(), "he")
"""Name to the pronoun that usually follows it."""
